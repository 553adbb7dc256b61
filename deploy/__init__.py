"""Deployment: how a grid is set up, shown and shipped."""
