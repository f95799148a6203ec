FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=backend.config.settings.prod
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
RUN python scripts/messages --compile \
    && CAUKIEU_VAR=/app/state DJANGO_SETTINGS_MODULE=backend.config.settings.test \
       python manage.py collectstatic --noinput --settings backend.config.settings.build \
    && useradd --system --home /app caukieu && chown -R caukieu /app/state
ENV CAUKIEU_VAR=/app/state
USER caukieu
EXPOSE 8000
CMD ["gunicorn", "-c", "python:backend.config.gunicorn", "backend.config.wsgi"]
