"""ecolint finds wasted energy in LLM inference before it is deployed."""

__version__ = "0.1.0"
