enum JobStatePlaceholder {}
