"""Pages of a Logseq graph become Notes: outlines, block properties, block references, journals."""
