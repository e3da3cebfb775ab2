"""What a record holds of the installed torch: answers, bad calls, capabilities, kernels, speeds."""
