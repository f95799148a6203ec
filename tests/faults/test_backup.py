"""What was backed up comes back whole in another folder, and a wrong restore does nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.copies import ROOT, environment

pytestmark = pytest.mark.timeout(1200)
ADD = (
    "from backend.accounts.models import User; from backend.core import audit;"
    "u = User.objects.create_user(email='lan@example.com');"
    "audit.record('user.joined', by=u, subject=u)"
)
# The names of the person's proposal and of its file in the store come back as the last line.
ADD_FILE = (
    "from tests import factories; from backend.projects.document_actions import *;"
    "user = factories.a_user(); project = factories.a_draft(owner=user);"
    "file = read_upload(b'a plan', 'plan.txt');"
    "add_document(project, file, by=user, title='', language='vi', is_public=False);"
    "print(path_of(file.sha256))"
)
COUNT = (
    "from backend.accounts.models import User; from backend.core.models import AuditEvent;"
    "print(User.objects.count(), AuditEvent.objects.count())"
)


def run(var: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, env=environment(var), capture_output=True, text=True, timeout=400,
    )  # fmt: skip


def shell(var: Path, code: str) -> str:
    done = run(var, "backend.local.manage", "shell", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with one person, one fact, one upload and the file of a proposal."""
    var = tmp_path_factory.mktemp("first") / "var"
    assert run(var, "backend.local.manage", "migrate", "-v0").returncode == 0
    kept = shell(var, f"{ADD}; {ADD_FILE}").splitlines()[-1]
    (var / "kept").write_text(kept)
    (var / "media").mkdir(exist_ok=True)
    (var / "media" / "plan.pdf").write_bytes(b"%PDF-1.7 plan")
    return var


@pytest.fixture(scope="module")
def restored(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second folder, filled from the first one's archive."""
    folder = tmp_path_factory.mktemp("second")
    archive, second = folder / "backup.tar", folder / "var"
    done = run(copy, "backend.local.archive", "backup", str(archive))
    assert done.returncode == 0, done.stderr
    done = run(second, "backend.local.archive", "restore", str(archive))
    assert done.returncode == 0, done.stderr
    assert "Restored and checked. Files of proposals in place: 1" in done.stdout
    return second


def test_a_backup_is_restored_into_another_folder_and_checked(copy: Path, restored: Path) -> None:
    assert shell(restored, COUNT) == shell(copy, COUNT)
    assert (restored / "media" / "plan.pdf").read_bytes() == b"%PDF-1.7 plan"
    assert (restored / "media" / (copy / "kept").read_text()).read_bytes() == b"a plan"


def test_what_the_database_refuses_is_refused_after_a_restore(restored: Path) -> None:
    change = "from backend.core.models import AuditEvent; AuditEvent.objects.update(code='x')"
    done = run(restored, "backend.local.manage", "shell", "-v", "0", "-c", change)
    assert done.returncode != 0
    assert "UPDATE" in done.stderr or "permission denied" in done.stderr


def test_a_restore_over_a_site_and_of_no_archive_is_refused(copy: Path, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    run(copy, "backend.local.archive", "backup", str(archive))
    again = run(copy, "backend.local.archive", "restore", str(archive))
    assert again.returncode == 1
    assert "holds tables" in again.stderr
    assert run(copy, "backend.local.archive", "backup", str(archive)).returncode == 1
    (tmp_path / "no.tar").write_text("no")
    wrong = run(tmp_path / "third", "backend.local.archive", "restore", str(tmp_path / "no.tar"))
    assert wrong.returncode == 1
    assert "is not an archive" in wrong.stderr


@pytest.mark.slow
def test_a_file_that_the_archive_holds_in_part_is_named(copy: Path, tmp_path: Path) -> None:
    kept, archive = Path((copy / "kept").read_text()), tmp_path / "half.tar"
    (copy / "media" / kept).write_bytes(b"half")
    run(copy, "backend.local.archive", "backup", str(archive))
    half = run(tmp_path / "var", "backend.local.archive", "restore", str(archive))
    assert half.returncode == 1
    assert f"not whole. The first: {kept.name}" in half.stderr
