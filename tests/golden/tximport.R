# Gene sums and correlations of R, for test_tximport.py.
# usage: Rscript tximport.R TYPE OUT TX2GENE FILE...   (TX2GENE is - for RSEM's genes.results)
suppressMessages(library(tximport))
argument <- commandArgs(trailingOnly = TRUE)
type <- argument[1]; out <- argument[2]; map <- argument[3]; files <- argument[-(1:3)]
write_matrix <- function(values, name) {
  write.table(format(values, digits = 17, scientific = TRUE), file.path(out, paste0(name, ".tsv")),
              sep = "\t", quote = FALSE, col.names = FALSE)
}
write_level <- function(read, level) {
  for (layer in c("abundance", "counts", "length")) {
    write_matrix(read[[layer]], paste(level, layer, sep = "."))
  }
  for (method in c("pearson", "spearman")) {
    scale <- if (method == "pearson") log2(read$abundance + 1) else read$abundance
    write_matrix(cor(scale, method = method), paste(level, method, sep = "."))
  }
}
# Base R's reader rounds correctly; readr's is off by a unit in the last place now and then.
reader <- function(file) read.delim(file, stringsAsFactors = FALSE)
if (map == "-") {
  genes <- suppressMessages(tximport(files, type = "rsem", txIn = FALSE, txOut = FALSE, importer = reader))
  write_level(genes, "gene")
  transcripts <- sub("genes.results", "isoforms.results", files, fixed = TRUE)
  if (all(file.exists(transcripts))) {
    write_level(suppressMessages(tximport(transcripts, type = "rsem", txIn = TRUE, txOut = TRUE,
                                          importer = reader)), "isoform")
  }
} else {
  tx2gene <- read.csv(map)
  isoform <- suppressMessages(tximport(files, type = type, txOut = TRUE, dropInfReps = TRUE,
                                        importer = reader))
  write_level(isoform, "isoform")
  write_level(suppressMessages(summarizeToGene(isoform, tx2gene)), "gene")
}
writeLines(c(R.version.string, paste("tximport", packageVersion("tximport"))), file.path(out, "versions.txt"))
