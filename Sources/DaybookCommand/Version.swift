/// The version of this build, as `--version` and the API tell it.
let daybookVersion = "0.1.0"
