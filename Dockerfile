# The command `segmenter` and the rules, for a worker: no compiler, no tests, no root.

FROM python:3.12.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/segmenter
COPY requirements.lock ./
# The pins of the lock as constraints, so that what only the tests need stays out of the image.
RUN sed -E '/^[[:space:]]/d; s/ \\$//' requirements.lock > constraints.txt
COPY pyproject.toml README.md LICENSE ./
COPY streams streams
COPY rules rules
RUN /opt/segmenter/bin/pip install --constraint constraints.txt .
# Compiled once, here, for every processor of the family: that the code knows no other instructions costs nothing that
# can be measured.
ENV NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES="" NUMBA_CACHE_DIR=/var/cache/segmenter
RUN /opt/segmenter/bin/segmenter compile

FROM python:3.12.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home segmenter
COPY --from=build /opt/segmenter /opt/segmenter
COPY --from=build /var/cache/segmenter /var/cache/segmenter
COPY rules /app/rules
ENV PATH=/opt/segmenter/bin:$PATH PYTHONUNBUFFERED=1
# As it was compiled above.
ENV NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES="" NUMBA_CACHE_DIR=/var/cache/segmenter
WORKDIR /app
USER segmenter
# That the worker lives, Docker sees by itself; this asks whether each of its shards moves. A container that runs another
# command has a check of its own.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "streams.monitoring.check"]
ENTRYPOINT ["segmenter"]
CMD ["worker"]
