"""Makes agi-app's Debian package in a clean root, and checks it in another; ``scripts/package`` calls it."""
