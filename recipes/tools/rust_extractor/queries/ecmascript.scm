(export_statement declaration: (function_declaration name: (identifier) @name)) @function
(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)]) @function
(assignment_expression left: [(identifier) (member_expression)] @name
  right: [(arrow_function) (function_expression)]) @function
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression)]) @function
(export_statement declaration: (class_declaration name: (_) @name)) @type
(class_declaration name: (_) @name) @type
(method_definition name: (_) @name) @function

(import_statement source: (string (string_fragment) @name)) @import
(export_statement source: (string (string_fragment) @name)) @import
(lexical_declaration (variable_declarator value: (call_expression
  function: (identifier) @require arguments: (arguments (string (string_fragment) @name))))) @import
(variable_declaration (variable_declarator value: (call_expression
  function: (identifier) @require arguments: (arguments (string (string_fragment) @name))))) @import
(call_expression
  function: (identifier) @require arguments: (arguments (string (string_fragment) @name))) @import

(program (lexical_declaration (variable_declarator name: (identifier) @name) @variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @variable))
(program (export_statement declaration:
  (lexical_declaration (variable_declarator name: (identifier) @name) @variable)))
