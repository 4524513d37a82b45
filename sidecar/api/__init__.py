"""The HTTP surface: who may ask, what they asked, and how the answer travels."""
