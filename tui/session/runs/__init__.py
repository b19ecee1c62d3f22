"""The runs on disk: finding, listing, comparing and deleting them."""
