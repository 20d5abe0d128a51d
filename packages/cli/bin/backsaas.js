#!/usr/bin/env node
/** The `backsaas` command of the built package. */
import '../dist/main.js'
