"""The detector over files of lines: levels, and figures against labels."""
