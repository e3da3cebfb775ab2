"""What is answered to whoever brought a report or a number: the verdict on a folder, and how much two may differ."""
