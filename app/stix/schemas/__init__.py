"""Package data: the OASIS JSON schemas of STIX 2.1, unchanged. README.md says where they come from, app/stix/corrections.py what is amended."""
