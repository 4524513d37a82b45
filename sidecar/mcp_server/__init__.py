"""The notes as tools of the Model Context Protocol, for programs that start their servers themselves."""
