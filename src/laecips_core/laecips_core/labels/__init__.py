"""Label sources: where the classes of training labels come from."""
