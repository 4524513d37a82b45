"""Configuration becomes objects: the only room that builds the vaults and models, and the only one that closes them."""
