# Image of the mock: pass-mock with all stores and the proxy, without test dependencies.
#
#   docker build --tag pass-mock .
#   docker run --rm --read-only --publish 127.0.0.1:8300:8300 --env PASS_MOCK_CONTROL_TOKEN=secret pass-mock
#
# Image with pass-load and pass-conformance too:
#
#   docker build --build-arg LOCK=load --tag pass-load .
#
# A tag moves with every update of the base image. To pin it, give its digest:
#
#   docker build --build-arg BASE=python:3.13-slim@sha256:DIGEST --tag pass-mock .
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
# The lock file of the dependencies: requirements/image.txt or requirements/load.txt.
ARG LOCK=image
WORKDIR /build
RUN python -m venv /opt/pass-mock && python -m venv /opt/build
COPY requirements/image.txt requirements/load.txt requirements/build.txt requirements/
RUN /opt/pass-mock/bin/pip install --no-cache-dir --require-hashes --requirement "requirements/${LOCK}.txt" \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY fixtures fixtures
COPY mock_server mock_server
COPY conformance conformance
COPY load load
# With build isolation, pip would download the build backend without a check of its hash.
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheels . \
    && /opt/pass-mock/bin/pip install --no-cache-dir --no-deps --no-index wheels/*.whl \
    && /opt/pass-mock/bin/pip uninstall --yes pip

FROM ${BASE}
COPY --from=build /opt/pass-mock /opt/pass-mock
# Folder for the files of --store sqlite, --record and --tls-folder; mount a volume here to keep them.
RUN install --directory --owner=10001 --group=10001 /data
WORKDIR /data
ENV PATH=/opt/pass-mock/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8300
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["pass-mock", "health"]
ENTRYPOINT ["pass-mock"]
# Other machines can reach 0.0.0.0, so the mock requires a control token: set PASS_MOCK_CONTROL_TOKEN.
CMD ["serve", "--host", "0.0.0.0"]
