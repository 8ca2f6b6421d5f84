# The service in a container; the database is another one (see compose.yaml).
# Written by the book, not run by us: see docs/install.md.
FROM python:3.11-slim-bookworm

WORKDIR /app
COPY requirements.lock pyproject.toml ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-index --no-build-isolation --editable . \
    && useradd --system --home-dir /app geo \
    && install --directory --owner geo /app/.data

USER geo
ENV GEO_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --start-period=300s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
CMD ["geo-service", "up"]
