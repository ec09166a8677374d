"""What keeps the house in order over years: the layer compacted and swept, old bytes let go, copies that can be put back."""
