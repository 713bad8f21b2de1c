# The server in a container: built in one stage, run in another that holds nothing but Python, the locked packages and the project.
#
#   docker build --tag legation .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --volume legation:/data --publish 127.0.0.1:9000:9000 legation
#
# /data is the only place that is written to. compose.yaml says the rest.

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

RUN python -m venv /opt/legation

# Every package is named with its hash, and none is compiled here.
COPY requirements.lock /source/
RUN /opt/legation/bin/pip install --require-hashes --only-binary=:all: --no-deps --requirement /source/requirements.lock

COPY pyproject.toml README.md LICENSE /source/
COPY app /source/app
COPY auth /source/auth
COPY collections /source/collections
COPY policies /source/policies
RUN /opt/legation/bin/pip install --no-deps /source \
    && /opt/legation/bin/pip check \
    && /opt/legation/bin/pip uninstall --yes pip


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Legation" \
      org.opencontainers.image.description="A STIX 2.1 / TAXII 2.1 sharing server for alliances of sovereign members" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin legation \
    && install --directory --owner legation --group legation --mode 0700 /data

COPY --from=build /opt/legation /opt/legation

ENV PATH=/opt/legation/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LEGATION_STORE=sqlite:////data/legation.sqlite \
    LEGATION_HOST=0.0.0.0 \
    LEGATION_PORT=9000

# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 9000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"LEGATION_PORT\"]}/readyz', timeout=4)"]

ENTRYPOINT ["legation"]
CMD ["serve"]
