/** The adapter protocol: what the wire of a peer does not offer, asked of a command. */
@NullMarked
package org.dcmigrate.conformance.adapter;

import org.jspecify.annotations.NullMarked;
