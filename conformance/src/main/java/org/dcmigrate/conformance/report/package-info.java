/** Reports of a run as files: for CI systems, for browsers, for a README. */
@NullMarked
package org.dcmigrate.conformance.report;

import org.jspecify.annotations.NullMarked;
