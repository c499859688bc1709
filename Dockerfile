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
RUN /opt/segmenter/bin/pip install --constraint constraints.txt .

FROM python:3.12.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home segmenter \
    && install --directory --owner segmenter /var/cache/segmenter
COPY --from=build /opt/segmenter /opt/segmenter
COPY rules /app/rules
# What numba compiles for this machine's processor is kept here; a volume keeps it longer than the container.
ENV PATH=/opt/segmenter/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/var/cache/segmenter
WORKDIR /app
USER segmenter
# That the worker lives, Docker sees by itself; this asks whether its settings are right, Kafka answers and the topics fit.
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s --retries=3 \
    CMD ["segmenter", "topics", "--no-create-topics"]
ENTRYPOINT ["segmenter"]
CMD ["worker"]
