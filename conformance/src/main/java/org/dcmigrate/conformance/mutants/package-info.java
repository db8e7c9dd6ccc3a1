/** Peers that are wrong on purpose, and the proof that the suite finds them. */
@NullMarked
package org.dcmigrate.conformance.mutants;

import org.jspecify.annotations.NullMarked;
