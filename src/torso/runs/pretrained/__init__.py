"""Pretrained encoders that are at hand: candidates, their race, the choice."""
