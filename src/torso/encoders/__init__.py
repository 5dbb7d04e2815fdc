"""Encoders: one modality in, `Tokens` out. One class per file, named `<form>_<name>.py`."""

from torso.encoders._encoder import Encoder, FrozenBackbone
from torso.encoders.audio_conformer import AudioConformer
from torso.encoders.audio_convnet import AudioConvNet
from torso.encoders.categories_embedding import CategoriesEmbedding
from torso.encoders.hub import AudioHub, ImageHub, TextHub, VideoHub
from torso.encoders.image_convnet import ImageConvNet
from torso.encoders.image_pyramid import ImagePyramid
from torso.encoders.image_vit import ImageViT
from torso.encoders.missing import MissingToken, ModalityDropout
from torso.encoders.numbers_periodic import NumbersPeriodic
from torso.encoders.numbers_piecewise import NumbersPiecewise
from torso.encoders.sequence_time2vec import SequenceTime2Vec
from torso.encoders.sequence_transformer import SequenceTransformer
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
    "NumbersPeriodic",
    "NumbersPiecewise",
    "SequenceTime2Vec",
    "SequenceTransformer",
    "TextHub",
    "TextNGrams",
    "TextTransformer",
    "VectorMLP",
    "VideoFrames",
    "VideoHub",
]
