# A server that answers by runs, with the CPU build of torch.
#
#   docker build -f docker/torch.Dockerfile -t torso-torch .
#   docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/models:/models:ro" torso-torch
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY docker/slim.py docker/slim.py
RUN python3 -m venv /torso
ARG TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
RUN /torso/bin/pip install --no-cache-dir --no-compile $TORCH
RUN grep -v '^torch==' constraints.txt > pins.txt
# Not the extra `train`: trees are kept as arrays, so whoever only answers needs no library that grows them.
RUN /torso/bin/pip install --no-cache-dir --no-compile --constraint pins.txt '.[serve]' 'scipy>=1.14'
RUN /torso/bin/python docker/slim.py
# What is imported here is compiled once, not at every start: the user below may not write.
RUN /torso/bin/python -c "import torso.runs.predicting.predictor, torso.serving.server, soundfile, soxr, tokenizers, PIL.Image"

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man \
    && useradd --system --no-create-home --shell /usr/sbin/nologin torso \
    && install --directory --owner=torso /var/cache/torso
COPY --from=build /torso /torso
ENV PATH=/torso/bin:$PATH PYTHONUNBUFFERED=1 TORSO_CACHE=/var/cache/torso
USER torso
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["torso", "serve"]
CMD ["/models", "--host", "0.0.0.0"]
