# Goldens of moderated variances by limma: Rscript make_limma.R > limma.json
suppressMessages(library(limma))
set.seed(7)
n <- 100
level <- round(runif(n, 0, 12), 3)
true <- (0.05 + 2^(-level / 2)) * exp(rnorm(n, 0, 1))
variance <- true * rchisq(n, 4) / 4
plain <- squeezeVar(variance, df = 4)
trend <- squeezeVar(variance, df = 4, covariate = level)
shift <- ifelse(seq_len(n) <= 20, 1.5, 0)
samples <- round(t(sapply(seq_len(n), function(i) level[i] + rnorm(6, 0, sqrt(true[i])))), 4)
samples[, 1:3] <- samples[, 1:3] + shift
design <- model.matrix(~ factor(c("y", "y", "y", "x", "x", "x"))[c(4:6, 1:3)])
fit <- treat(lmFit(samples, design), lfc = 0.5, trend = TRUE)
number <- function(x) paste0("[", paste(formatC(x, digits = 17, format = "g"), collapse = ", "), "]")
squeezed <- function(x) sprintf('{"df_prior": %.17g, "var_prior": %s, "var_post": %s}',
  x$df.prior, number(x$var.prior), number(x$var.post))
rows <- paste(apply(t(samples), 1, number), collapse = ", ")
cat(sprintf('{"limma": "%s", "level": %s, "variance": %s, "plain": %s, "trend": %s, "samples": [%s], "difference": %s, "treat_p": %s}\n',
  packageVersion("limma"), number(level), number(variance), squeezed(plain), squeezed(trend), rows,
  number(fit$coefficients[, 2]), number(fit$p.value[, 2])))
