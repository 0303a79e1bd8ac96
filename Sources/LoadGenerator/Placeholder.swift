import Histogram
enum LoadPlaceholder {}
