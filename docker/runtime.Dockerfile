# A server that answers by exported models, without torch.
#
#   docker build -f docker/runtime.Dockerfile -t torso-runtime .
#   docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/models:/models:ro" torso-runtime
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY docker/slim.py docker/slim.py
RUN python3 -m venv /torso
RUN /torso/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt '.[runtime,serve]'
RUN /torso/bin/python docker/slim.py
# What is imported here is compiled once, not at every start: the user below may not write.
RUN /torso/bin/python -c "import torso.runtime.predictor, torso.serving.server, onnxruntime, soundfile, soxr, tokenizers, PIL.Image"

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
