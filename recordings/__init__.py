"""What a call's recording is, from one file per leg to a kept stereo file."""
