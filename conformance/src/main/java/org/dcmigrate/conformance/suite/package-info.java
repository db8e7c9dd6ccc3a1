/** The register of cases, the runner, verdicts and reports. */
@NullMarked
package org.dcmigrate.conformance.suite;

import org.jspecify.annotations.NullMarked;
