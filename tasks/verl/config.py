"""What the settings of verl's trainings have in common."""

from typing import Literal

Device = Literal["cuda", "cpu"]
Attention = Literal["sdpa", "flash_attention_2"]
