"""Tests of the HTTP surface, over a real server on a real socket."""
