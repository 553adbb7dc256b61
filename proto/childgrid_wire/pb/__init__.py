"""Generated from the .proto files by `make wire`; never edited."""
