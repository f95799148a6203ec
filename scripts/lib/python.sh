# Sets PYTHON to the first Python that is new enough; sourced by ./scripts/run and ./scripts/test.
PYTHON=''
found=''
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
    version=$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) ||
        continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHON=$candidate
        break
    fi
    found="${found}${found:+, }$candidate is $version"
done
if [ -z "$PYTHON" ]; then
    echo "Python 3.11 or newer is needed (${found:-no Python found})." \
        "Install one and put it on PATH, then start again." >&2
    exit 1
fi
