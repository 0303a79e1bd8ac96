enum JobCodingPlaceholder {}
