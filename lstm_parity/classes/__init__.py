"""Classes that compute an LSTM as somebody wrote them: how they are built, called and filled is found out."""
