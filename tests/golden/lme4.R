# Variance components of each row by REML: Rscript lme4.R values.tsv factors.tsv out.tsv
suppressMessages(library(lme4))
given <- commandArgs(trailingOnly = TRUE)
values <- as.matrix(read.table(given[1], sep = "\t"))
factors <- read.table(given[2], sep = "\t", header = TRUE, colClasses = "factor")
parts <- c(names(factors), "Residual")
model <- as.formula(paste("y ~", paste0("(1 | ", names(factors), ")", collapse = " + ")))
one <- function(y) {
  fit <- suppressWarnings(suppressMessages(lmer(model, cbind(y = y, factors))))
  found <- as.data.frame(VarCorr(fit))
  found$vcov[match(parts, found$grp)]
}
write.table(t(apply(values, 2, one)), given[3], sep = "\t", row.names = FALSE, col.names = FALSE)
