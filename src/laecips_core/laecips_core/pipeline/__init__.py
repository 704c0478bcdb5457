"""One pass over a frame, on the edge and on the cloud."""
