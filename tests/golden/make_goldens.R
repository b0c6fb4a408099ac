# Writes the goldens of tests/golden from R: Rscript tests/golden/make_goldens.R
# Needs epiR and limma (Debian: r-cran-epir, r-bioc-limma). The versions used stand in
# versions.tsv. The inputs are drawn here, so that nothing of lotwise is in them.
suppressPackageStartupMessages({
  library(epiR)
  library(limma)
})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
put <- function(table, name) {
  write.table(table, file.path(here, name), sep = "\t", quote = FALSE, row.names = FALSE)
}
set.seed(20260)

# A pair of samples: TPM with double zeros and zeros in one.
n <- 400
level <- round(rlnorm(n, 1.5, 2) * (runif(n) > 0.25), 2)
tpm_x <- round(level * rlnorm(n, 0, 0.3), 2)
tpm_y <- round(1.3 * level * rlnorm(n, 0, 0.5) * (runif(n) > 0.05), 2)
put(data.frame(tpm_x, tpm_y), "pair.tsv")
x <- log2(tpm_x + 1)
y <- log2(tpm_y + 1)

values <- list()
note <- function(name, value) values[[name]] <<- format(value, digits = 17)

ccc <- epi.ccc(x, y)
note("ccc", ccc$rho.c$est)
note("scale_shift", ccc$s.shift)
note("location_shift", ccc$l.shift)
note("accuracy", ccc$C.b)
note("bias", mean(ccc$blalt$delta))
note("pearson", cor(x, y))
note("spearman", cor(x, y, method = "spearman"))
note("sd_difference", sd(x - y))
note("robust_sd", mad(x - y, constant = 1.4826))

# ENCODE's MAD.R, its lines in order.
nonzero <- tpm_x != 0 | tpm_y != 0
lx <- log2(tpm_x[nonzero])
ly <- log2(tpm_y[nonzero])
A <- (lx + ly) / 2
M <- lx - ly
note("encode_mad", round(median(abs(M)[A > 0]) * 1.4826, 3))
note("encode_sd", round(sqrt(sum(M[A > 0]^2) / sum(A > 0)), 3))
note("encode_pearson", cor(lx[A > 0], ly[A > 0]))
note("encode_spearman", cor(lx[A > 0], ly[A > 0], method = "spearman"))

# Rank test of gene sets, with and without ties and correlation.
m <- x - y
index <- 1:40
for (rho in c(0, 0.01, 0.2)) {
  p <- rankSumTestWithCorrelation(index, m, correlation = rho)
  note(paste0("rank_sum_", rho), min(1, 2 * min(p)))
  p <- rankSumTestWithCorrelation(index, m + seq_along(m) * 1e-7, correlation = rho)
  note(paste0("rank_sum_untied_", rho), min(1, 2 * min(p)))
  p <- rankSumTestWithCorrelation(index, m, correlation = rho, df = 4)
  note(paste0("rank_sum_t4_", rho), min(1, 2 * min(p)))
}
block <- matrix(rnorm(8 * 30), 8, 30) + rnorm(8)
put(as.data.frame(block), "correlated_genes.tsv")
note("inter_gene_correlation", {
  # interGeneCorrelation with an intercept-only design.
  interGeneCorrelation(t(block), matrix(1, 8, 1))$correlation
})
# Three groups of 3, 3 and 2 samples, whose means are taken out.
groups <- factor(c("a", "a", "a", "b", "b", "b", "c", "c"))
note("inter_gene_correlation_within", {
  interGeneCorrelation(t(block), model.matrix(~ 0 + groups))$correlation
})

# Benjamini-Hochberg.
p <- c(0.001, 0.2, 0.04, NA, 0.04, 0.9, 0.013)
put(data.frame(p = p, adjusted = p.adjust(p, "BH")), "benjamini_hochberg.tsv")

# Equivalence: Welch's one-sided tests against a margin of 1.
a <- matrix(rnorm(4 * 12, 5, 0.4), 4, 12)
b <- matrix(rnorm(3 * 12, 5, 0.6), 3, 12) + rep(seq(0, 3, length.out = 12), each = 3)
put(as.data.frame(a), "replicates_a.tsv")
put(as.data.frame(b), "replicates_b.tsv")
put(data.frame(
  lower = sapply(1:12, function(g) t.test(a[, g], b[, g], mu = -1, alternative = "greater")$p.value),
  upper = sapply(1:12, function(g) t.test(a[, g], b[, g], mu = 1, alternative = "less")$p.value)
), "welch.tsv")

put(data.frame(name = names(values), value = unlist(values)), "values.tsv")
put(data.frame(
  what = c("R", "epiR", "limma"),
  version = c(as.character(getRversion()), as.character(packageVersion("epiR")),
              as.character(packageVersion("limma")))
), "versions.tsv")
