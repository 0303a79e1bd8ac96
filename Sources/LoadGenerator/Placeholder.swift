import Histogram

enum LoadPlaceholder {}
