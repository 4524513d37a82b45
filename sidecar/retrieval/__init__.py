"""A question becomes hits: operators read, words and vectors searched, both fused into one ranking."""
