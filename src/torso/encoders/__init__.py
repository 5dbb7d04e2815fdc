"""Encoders: one modality in, `Tokens` out. One class per file, named `<form>_<name>.py`.

>>> import torch
>>> from torso.core.types import Features
>>> mask = torch.tensor([[True, True, True, False], [True, False, False, False], [False] * 4])
>>> texts = Features(torch.randint(100, (3, 4)), mask)  # token ids; the last row has no text
>>> encoder = TextTransformer(dim=16, vocabulary=100)
>>> tokens = encoder(texts)
>>> tokens.values.shape, tokens.present.tolist()
(torch.Size([3, 1, 16]), [True, True, False])

Parts are built by name with what the data know, and settings as in `run.yaml`:

>>> picture = Encoder.build({"type": "image/vit", "patch": 8, "tokens": 0}, dim=16, size=32)
>>> pixels = torch.randint(256, (2, 32, 32, 3), dtype=torch.uint8)
>>> picture(Features(pixels, torch.tensor([True, True]))).values.shape
torch.Size([2, 16, 16])

`encode(values, mask)` is the encoder without skipping, checks and grouping, which can be traced:

>>> encoder.encode(texts.values, texts.mask).values.shape
torch.Size([3, 1, 16])
"""

from torso.encoders._encoder import Encoder, FrozenBackbone
from torso.encoders.audio_conformer import AudioConformer
from torso.encoders.audio_convnet import AudioConvNet
from torso.encoders.categories_embedding import CategoriesEmbedding
from torso.encoders.hub import AudioHub, ImageHub, TextHub, VideoHub
from torso.encoders.image_convnet import ImageConvNet
from torso.encoders.image_pyramid import ImagePyramid
from torso.encoders.image_vit import ImageViT
from torso.encoders.missing import MissingToken, ModalityDropout
from torso.encoders.names_ngrams import NamesNGrams
from torso.encoders.numbers_periodic import NumbersPeriodic
from torso.encoders.numbers_piecewise import NumbersPiecewise
from torso.encoders.sequence_time2vec import SequenceTime2Vec
from torso.encoders.sequence_transformer import SequenceTransformer
from torso.encoders.sets_bag import SetsBag
from torso.encoders.sizes import SizesEmbedding
from torso.encoders.text_ngrams import TextNGrams
from torso.encoders.text_transformer import TextTransformer
from torso.encoders.vector_mlp import VectorMLP
from torso.encoders.video_frames import VideoFrames

__all__ = [
    "AudioConformer",
    "AudioConvNet",
    "AudioHub",
    "CategoriesEmbedding",
    "Encoder",
    "FrozenBackbone",
    "ImageConvNet",
    "ImageHub",
    "ImagePyramid",
    "ImageViT",
    "MissingToken",
    "ModalityDropout",
    "NamesNGrams",
    "NumbersPeriodic",
    "NumbersPiecewise",
    "SequenceTime2Vec",
    "SequenceTransformer",
    "SetsBag",
    "SizesEmbedding",
    "TextHub",
    "TextNGrams",
    "TextTransformer",
    "VectorMLP",
    "VideoFrames",
    "VideoHub",
]
