enum DaybookPlaceholder {}
