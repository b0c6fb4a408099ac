# Read an h5ad by its layout, as R packages do that know no Python: h5ad.R FILE OUT
suppressMessages(library(rhdf5))
given <- commandArgs(trailingOnly = TRUE)
read <- function(name) h5read(given[1], name, bit64conversion = "double")
attributes_of <- function(name) h5readAttributes(given[1], name)
write <- function(lines, name) {
  con <- file(file.path(given[2], name), open = "wb")
  writeLines(enc2utf8(as.character(lines)), con, useBytes = TRUE)
  close(con)
}
# A group of annotations names its index; a column may be a category: codes, from 0, and levels.
frame <- function(group) {
  told <- attributes_of(group)
  columns <- list()
  for (name in c(told[["_index"]], told[["column-order"]])) {
    column <- read(paste(group, name, sep = "/"))
    if (is.list(column)) column <- column$categories[column$codes + 1]
    columns[[name]] <- column
  }
  columns
}
obs <- frame("obs")
var <- frame("var")
write(obs[[1]], "samples")
write(obs$batch, "batches")
write(var[[1]], "features")
# R keeps the first dimension together, HDF5 the last: features stand in rows here.
for (layer in c("X", "layers/tpm", "layers/counts")) {
  values <- read(layer)
  stopifnot(nrow(values) == length(var[[1]]), ncol(values) == length(obs[[1]]))
  write(apply(values, 1, function(row) paste(sprintf("%.17g", row), collapse = "\t")),
        basename(layer))
}
