/** The conformance suite: plays the source against any destination and tells what it does wrong. */
@NullMarked
package org.dcmigrate.conformance;

import org.jspecify.annotations.NullMarked;
