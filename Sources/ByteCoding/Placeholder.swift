enum ByteCodingPlaceholder {}
